import { expect, test } from 'vitest';
import { observeRequest, registry, watchViewers } from './metrics.ts';

test('requests are counted by route, never by path or by what a stranger calls a method', async () => {
  observeRequest('GET', '/api/kpis', 200, 0.03);
  observeRequest('GET', '/api/kpis', 200, 0.2);
  observeRequest('BREW', null, 404, 0.001);
  watchViewers({ viewers: () => 3 });
  const text = await registry.metrics();
  expect(text).toContain(
    'http_request_duration_seconds_bucket{le="0.05",method="GET",route="/api/kpis",status="200"} 1',
  );
  expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/api/kpis",status="200"} 2');
  expect(text).toContain('http_request_duration_seconds_count{method="other",route="none",status="404"} 1');
  expect(text).toContain('dashboard_viewers 3');
});
