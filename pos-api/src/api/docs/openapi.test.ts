import { expect, test } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from './openapi.ts';
import { OPERATIONS, SCHEMAS } from './operations.ts';

test('the document names every operation once, each with its problems and examples', () => {
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string() }))) })
    .parse(openApiDocument(true));
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(ids.sort()).toEqual(Object.keys(OPERATIONS).sort());
});

test('every example is what its schema says', () => {
  const content = z.object({ schema: z.object({ $ref: z.string() }), example: z.unknown() });
  const found: string[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const parsed = content.safeParse(value);
    if (parsed.success && 'example' in value) {
      const name = parsed.data.schema.$ref.split('/').at(-1) ?? '';
      const schema = Object.entries(SCHEMAS).find(([known]) => known === name)?.[1];
      expect(schema?.safeParse(parsed.data.example).success, name).toBe(true);
      found.push(name);
    }
    Object.values(value).forEach(look);
  };
  look(openApiDocument(true));
  expect(new Set(found).size).toBeGreaterThan(10);
});

test('every reference leads somewhere', () => {
  const document = openApiDocument(false);
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
  expect(refs.length).toBeGreaterThan(50);
  for (const ref of refs) {
    const found = ref
      .split('/')
      .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document);
    expect(found, ref).toBeDefined();
  }
});

test('where keys are off the document asks for none', () => {
  expect(openApiDocument(false)).not.toHaveProperty('security');
  expect(openApiDocument(true)).toMatchObject({ security: [{ key: [] }] });
});
