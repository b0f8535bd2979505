import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis', 'process.env': '{}' },
  // One export of @grafana/schema is missing in this version; nothing here uses it.
  build: { target: 'es2022', rolldownOptions: { shimMissingExports: true }, minify: false, chunkSizeWarningLimit: 99999 },
  logLevel: 'warn',
});
