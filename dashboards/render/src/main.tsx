// Draws one dashboard's JSON: ?d=/order-compliance.json&prom=http://127.0.0.1:9090&from=now-14d&to=now
import React from 'react';
import { createRoot } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';
import { createTheme } from '@grafana/data';
import * as data from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import * as ui from '@grafana/ui';
import { EmbeddedScene, SceneDataTransformer, SceneGridItem, SceneGridLayout, SceneQueryRunner, SceneTimeRange, VizPanel } from '@grafana/scenes';
import { host } from './host';
import { plugins } from './plugins';
import { filled } from './prometheus';

const parameters = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: 'dark' } });

function panel(one: any): VizPanel {
  if (one.type === 'row') {
    return new VizPanel({ pluginId: 'heading', title: '', hoverHeader: true, displayMode: 'transparent', options: { text: one.title } as any });
  }
  const queries = new SceneQueryRunner({
    datasource: { uid: 'prom', type: 'prometheus' },
    queries: one.targets.map((target: any) => ({ ...target, datasource: undefined, expr: filled(target.expr) })),
  });
  return new VizPanel({
    pluginId: one.type,
    title: one.title,
    options: one.options ?? {},
    fieldConfig: { overrides: [], ...one.fieldConfig },
    $data: new SceneDataTransformer({ $data: queries, transformations: one.transformations ?? [] }),
  });
}

async function draw() {
  host(plugins, theme);
  await initPluginTranslations('blockprobe');
  const board = await (await fetch(parameters.get('d')!)).json();
  const children = board.panels.map(
    (one: any) => new SceneGridItem({ x: one.gridPos.x, y: one.gridPos.y, width: one.gridPos.w, height: one.gridPos.h, body: panel(one) })
  );
  const scene = new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: parameters.get('from') ?? board.time.from, to: parameters.get('to') ?? 'now', timeZone: 'utc' }),
    body: new SceneGridLayout({ isLazy: false, children }),
  });
  const Theme = ((ui as any).ThemeContext ?? (data as any).ThemeContext).Provider;
  const Global = (ui as any).GlobalStyles;
  const Scene = scene.Component as any;
  createRoot(document.getElementById('root')!).render(
    <MemoryRouter>
      <Theme value={theme}>
        <Global isExtensionSidebarOpen={false} />
        <Scene model={scene} />
      </Theme>
    </MemoryRouter>
  );
}

draw();
