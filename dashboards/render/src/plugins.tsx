// The panel plugins live in the Grafana repository only. These are thin stand-ins around the same components of
// @grafana/ui, fed by the same functions of @grafana/data, with the options that our dashboards set.
import React from 'react';
import { FieldColorModeId, FieldDisplay, PanelPlugin, PanelProps, VizOrientation, cacheFieldDisplayNames, getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import * as ui from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

const components = ui as any;
const Table = TableNG as any;

function custom(path: string, defaultValue: any) {
  return { id: path, path, name: path, defaultValue, editor: () => null, override: () => null, process: (value: any) => value, shouldApply: () => true, settings: {} };
}

function plugin(id: string, panel: React.ComponentType<PanelProps<any>>, colour: string, options: Array<[string, any]>) {
  const made = new PanelPlugin<any>(panel);
  made.useFieldConfig({
    standardOptions: { color: { defaultValue: { mode: colour } } } as any,
    useCustomConfig: (builder: any) => options.forEach(([path, value]) => builder.addCustomEditor(custom(path, value))),
  });
  made.meta = { id, name: id, type: 'panel', info: { version: '' } } as any;
  return made;
}

/** The values that Grafana's own stat, gauge and bar gauge show. */
function values(props: PanelProps<any>): FieldDisplay[] {
  return getFieldDisplayValues({
    fieldConfig: props.fieldConfig,
    reduceOptions: { calcs: ['last'], values: false, ...props.options.reduceOptions },
    replaceVariables: props.replaceVariables,
    theme: components.useTheme2(),
    data: props.data.series,
    timeZone: 'utc',
  });
}

function repeated(props: PanelProps<any>, orientation: VizOrientation, draw: (one: any) => React.ReactElement) {
  const found = props.data.series.length ? values(props) : [];
  if (!found.length) {
    return <Empty {...props} />;
  }
  return (
    <components.VizRepeater
      getValues={() => found}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={draw}
      width={props.width}
      height={props.height}
      source={props.data}
      renderCounter={props.renderCounter}
      itemSpacing={6}
      orientation={orientation}
    />
  );
}

function Empty(props: PanelProps<any>) {
  const style = { width: props.width, height: props.height, display: 'grid', placeItems: 'center', color: '#8e8e8e', fontSize: 18 };
  return <div style={style}>{props.fieldConfig.defaults.noValue}</div>;
}

function Stat(props: PanelProps<any>) {
  const theme = components.useTheme2();
  const several = values(props).length > 1 || props.options.textMode === 'value_and_name';
  return repeated(props, props.options.orientation, ({ value, width, height }: any) => (
    <components.BigValue
      value={{ ...value.display, title: several ? value.display.title : undefined }}
      width={width}
      height={height}
      theme={theme}
      colorMode={props.options.colorMode}
      graphMode="none"
      textMode={several ? 'value_and_name' : 'value'}
      text={props.options.text}
      wideLayout={props.options.wideLayout}
    />
  ));
}

function Bars(props: PanelProps<any>) {
  const theme = components.useTheme2();
  return repeated(props, VizOrientation.Horizontal, ({ value, width, height, alignmentFactors }: any) => (
    <components.BarGauge
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      width={width}
      height={height}
      orientation={VizOrientation.Horizontal}
      theme={theme}
      itemSpacing={10}
      lcdCellWidth={12}
      displayMode={props.options.displayMode}
      namePlacement={props.options.namePlacement}
      text={props.options.text}
      alignmentFactors={alignmentFactors}
      showUnfilled
    />
  ));
}

function Lines(props: PanelProps<any>) {
  if (!props.data.series.length) {
    return <Empty {...props} />;
  }
  return (
    <components.TimeSeries
      frames={props.data.series}
      structureRev={props.data.structureRev}
      timeRange={props.timeRange}
      timeZone="utc"
      width={props.width}
      height={props.height}
      legend={{ displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] }}
      options={props.options}
    />
  );
}

function Rows(props: PanelProps<any>) {
  const frame = props.data.series[0];
  if (!frame || !frame.length) {
    return <Empty {...props} />;
  }
  cacheFieldDisplayNames(props.data.series);
  return <Table data={frame} width={props.width} height={props.height} structureRev={props.data.structureRev} noHeader={false} showTypeIcons={false} cellHeight="sm" fieldConfig={props.fieldConfig} getActions={() => []} />;
}

function Heading(props: PanelProps<any>) {
  return <div style={{ fontSize: 16, fontWeight: 500, color: '#e6e6e6' }}>{props.options.text}</div>;
}

const LINES: Array<[string, any]> = [
  ['drawStyle', 'line'], ['lineWidth', 1], ['fillOpacity', 0], ['lineInterpolation', 'linear'], ['showPoints', 'never'], ['axisPlacement', 'auto'],
  ['scaleDistribution', { type: 'linear' }], ['stacking', { mode: 'none', group: 'A' }], ['spanNulls', false], ['lineStyle', { fill: 'solid' }],
];

export const plugins: Record<string, any> = {
  timeseries: plugin('timeseries', Lines, FieldColorModeId.PaletteClassic, LINES),
  stat: plugin('stat', Stat, FieldColorModeId.Thresholds, []),
  bargauge: plugin('bargauge', Bars, FieldColorModeId.Thresholds, []),
  table: plugin('table', Rows, FieldColorModeId.Thresholds, [['width', undefined], ['cellOptions', { type: 'auto' }], ['align', 'auto'], ['filterable', false]]),
  heading: plugin('heading', Heading, FieldColorModeId.Thresholds, []),
};
