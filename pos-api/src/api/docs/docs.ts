import { createRequire } from 'node:module';
import path from 'node:path';
import express, { Router } from 'express';
import { openApiDocument } from './openapi.ts';

/** The page loads nothing from elsewhere, and no script stands in it, so that its content security policy can be strict. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Tillstream POS API</title>
  <link rel="stylesheet" href="/docs/swagger-ui.css">
  <link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
  <div id="page"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/page.js"></script>
</body>
</html>
`;
const SCRIPT = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, tryItOutEnabled: true });
`;

const PAGE_FILES = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** `/openapi.json`, and `/docs`, where it can be read and tried. */
export const docsRoutes = (keysAreOn: boolean): Router => {
  const document = JSON.stringify(openApiDocument(keysAreOn));
  const router = Router();
  router.get('/openapi.json', (_request, response) => {
    response.type('json').end(document);
  });
  router.get('/docs', (_request, response) => {
    response.type('html').end(PAGE);
  });
  router.get('/docs/page.js', (_request, response) => {
    response.type('js').end(SCRIPT);
  });
  router.use('/docs', express.static(PAGE_FILES, { index: false, redirect: false }));
  return router;
};
