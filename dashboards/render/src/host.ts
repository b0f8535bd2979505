// What a Grafana server's page would provide to @grafana/scenes: services, registries of field options, transformations.
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { Observable } from 'rxjs';
import { Prometheus } from './prometheus';

const source = new Prometheus();
const nowhere: any = {
  publish() {},
  getStream: () => new Observable(),
  subscribe: () => ({ unsubscribe() {} }),
  removeAllListeners() {},
  newScopedBus: () => nowhere,
};

export function host(plugins: Record<string, any>, theme: data.GrafanaTheme2) {
  runtime.setDataSourceSrv({
    get: async () => source,
    getList: () => [],
    getInstanceSettings: () => ({ uid: 'prom', type: 'prometheus', name: 'prom', meta: {}, jsonData: {} }),
    reload() {},
  } as any);
  runtime.setRunRequest(run as any);
  runtime.setTemplateSrv({ replace: (text: string) => text, getVariables: () => [], containsTemplate: () => false, updateTimeRange() {} } as any);
  runtime.setAppEvents(nowhere);
  runtime.setBackendSrv({} as any);
  runtime.setEchoSrv({ addEvent() {}, flush() {}, addBackend() {} } as any);
  const hooks = runtime as any;
  hooks.setPluginLinksHook?.(() => ({ links: [], isLoading: false }));
  hooks.setPluginComponentsHook?.(() => ({ components: [], isLoading: false }));
  hooks.setPanelDataErrorView?.(() => null);
  hooks.config.theme2 = theme;
  hooks.setPluginImportUtils({
    importPanelPlugin: async (id: string) => plugins[id],
    getPanelPluginFromCache: (id: string) => plugins[id],
  });
  registries();
}

function run(from: any, request: any) {
  return new Observable((subscriber) => {
    const base = { timeRange: request.range, request, series: [] as any[] };
    subscriber.next({ ...base, state: data.LoadingState.Loading });
    from.query(request).then(
      (answer: any) => {
        subscriber.next({ ...base, series: answer.data, state: data.LoadingState.Done });
        subscriber.complete();
      },
      (error: any) => {
        console.error('query', request.targets?.[0]?.expr, String(error));
        subscriber.next({ ...base, state: data.LoadingState.Error, error: { message: String(error) } });
        subscriber.complete();
      }
    );
  });
}

/** The standard field options live in the Grafana repository only; these are the ones that our dashboards set. */
function registries() {
  const all = data as any;
  const option = (id: string, process: any) => ({
    id, path: id, name: id, description: '', editor: () => null, override: () => null, process, shouldApply: () => true, settings: {}, category: [id],
  });
  const same = (value: any) => value;
  all.standardFieldConfigEditorRegistry.setInit(() => [
    option('unit', all.unitOverrideProcessor),
    option('min', all.numberOverrideProcessor),
    option('max', all.numberOverrideProcessor),
    option('decimals', all.numberOverrideProcessor),
    option('displayName', all.displayNameOverrideProcessor),
    option('noValue', all.stringOverrideProcessor),
    option('color', same),
    option('thresholds', all.thresholdsOverrideProcessor),
    option('mappings', all.valueMappingsOverrideProcessor),
    option('links', same),
  ]);
  all.standardEditorsRegistry.setInit(() => []);
  const used = [all.standardTransformers.mergeTransformer, all.standardTransformers.organizeFieldsTransformer];
  all.standardTransformersRegistry.setInit(() => used.map((one: any) => ({ id: one.id, name: one.name, transformation: one, editor: () => null })));
}
