import adapter from '@sveltejs/adapter-node';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    adapter: adapter(),
    // Only the till registers it, for itself.
    serviceWorker: { register: false },
    csp: {
      directives: {
        'default-src': ['self'],
        'img-src': ['self', 'data:'],
        // SvelteKit announces a new page to screen readers from an element that it hides by a style attribute.
        'style-src-attr': ['unsafe-inline'],
        'object-src': ['none'],
        'base-uri': ['self'],
        'form-action': ['self'],
        'frame-ancestors': ['none'],
      },
    },
  },
};
