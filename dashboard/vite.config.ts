import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [sveltekit()],
  // The workspace's own packages are TypeScript sources: they are compiled into the build.
  ssr: { noExternal: [/^@tillstream\//] },
});
