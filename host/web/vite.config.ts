import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const compress = promisify(brotliCompress);

/** Every browser that runs this page reads woff2: the other formats of the formula fonts stay out. */
function oneFontFormat(): Plugin {
  return {
    name: 'one-font-format',
    enforce: 'pre',
    transform: (code, id) =>
      id.includes('katex') && id.endsWith('.css') ? code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, '') : undefined,
  };
}

/** Text is stored compressed, once, with the best ratio; the host sends it as it is to every browser that takes it. */
function precompressed(): Plugin {
  let folder = '';
  return {
    name: 'precompressed',
    apply: 'build',
    configResolved: (config) => void (folder = config.build.outDir),
    closeBundle: async () => {
      const names = await readdir(folder, { recursive: true });
      for (const name of names.filter((name) => /\.(js|css|html|svg)$/.test(name))) {
        const file = join(folder, name);
        const text = await readFile(file);
        await writeFile(`${file}.br`, await compress(text, { params: { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }));
        await rm(file);
      }
    },
  };
}

export default defineConfig({
  plugins: [oneFontFormat(), precompressed()],
  // The host puts a fresh value here with every answer; the content security policy names it.
  html: { cspNonce: '__csp_nonce__' },
  build: {
    outDir: process.env.TANDEM_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:1234', '/v1': 'http://127.0.0.1:1234', '/health': 'http://127.0.0.1:1234' } },
});
