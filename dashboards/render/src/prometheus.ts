// A data source of the few lines that Grafana's own Prometheus plugin would need here: instant and range queries.
import { DataFrame, DataSourceApi, FieldType, toDataFrame } from '@grafana/data';

const parameters = new URLSearchParams(location.search);
const PROMETHEUS = parameters.get('prom') ?? 'http://127.0.0.1:9090';
const RATE_INTERVAL = parameters.get('rate') ?? '4h';
const STEP_S = Number(parameters.get('step') ?? 3600);

type Series = { metric: Record<string, string>; value?: [number, string]; values?: Array<[number, string]> };

/** Variables as text: All is `.*`, as in the dashboards. */
export function filled(expr: string): string {
  return expr.replace(/\$__rate_interval/g, RATE_INTERVAL).replace(/"\$\{?\w+\}?"/g, '".*"');
}

export class Prometheus extends DataSourceApi<any> {
  constructor() {
    super({ uid: 'prom', type: 'prometheus', name: 'prom', id: 1, meta: {}, readOnly: false, jsonData: {}, access: 'proxy' } as any);
  }

  async testDatasource() {
    return { status: 'success', message: '' };
  }

  async query(request: any): Promise<any> {
    const several = request.targets.length > 1;
    const data: DataFrame[] = [];
    for (const target of request.targets) {
      const series = await ask(target, request.range);
      if (target.format === 'table') {
        data.push(table(target, series, several));
      } else {
        data.push(...series.map((one) => line(target, one)));
      }
    }
    return { data };
  }
}

async function ask(target: any, range: any): Promise<Series[]> {
  const end = range.to.valueOf() / 1000;
  const query = encodeURIComponent(target.expr);
  const url = target.instant
    ? `${PROMETHEUS}/api/v1/query?query=${query}&time=${end}`
    : `${PROMETHEUS}/api/v1/query_range?query=${query}&start=${range.from.valueOf() / 1000}&end=${end}&step=${STEP_S}`;
  const answer = await (await fetch(url)).json();
  if (answer.status !== 'success') {
    throw new Error(answer.error);
  }
  return answer.data.result;
}

function line(target: any, series: Series): DataFrame {
  const values = series.values ?? [series.value!];
  const name = target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_: string, key: string) => series.metric[key] ?? '');
  return toDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map((one) => one[0] * 1000) },
      {
        name: 'Value',
        type: FieldType.number,
        labels: series.metric,
        config: { displayNameFromDS: name },
        // A curve has a gap where there is no number, as the plugin gives it.
        values: values.map((one) => (one[1] === 'NaN' ? null : Number(one[1]))),
      },
    ],
  });
}

/** One row a series: time, labels, and `Value #A` (`Value` where there is one query only), as the plugin names them. */
function table(target: any, series: Series[], several: boolean): DataFrame {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: series.map((one) => one.value![0] * 1000) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, values: series.map((one) => one.metric[label] ?? '') })),
      { name: several ? `Value #${target.refId}` : 'Value', type: FieldType.number, values: series.map((one) => Number(one.value![1])) },
    ],
  });
}
