import { shopCalendar } from '@tillstream/clickhouse/calendar/shop-calendar';
import { describe, expect, it } from 'vitest';
import { EVERYTHING, Parameters } from './parameters.ts';
import { ProblemError, problemResponse, unavailable } from './problems.ts';

const calendar = shopCalendar('Europe/Berlin', '04:00');
const scopeOf = (query: string) => {
  const parameters = new Parameters(new URLSearchParams(query));
  const scope = parameters.scope(calendar);
  parameters.check();
  return scope;
};
const problemOf = (
  query: string,
  read: (parameters: Parameters) => void = (parameters) => parameters.scope(calendar),
) => {
  const parameters = new Parameters(new URLSearchParams(query));
  read(parameters);
  try {
    parameters.check();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
  }
  return undefined;
};

describe('parameters', () => {
  it('leave open what is absent or empty', () => {
    expect(scopeOf('')).toEqual({ ...EVERYTHING, branch: undefined });
    expect(scopeOf('branch=&from=&to=')).toEqual({ ...EVERYTHING, branch: undefined });
  });

  it('read a branch and a period', () => {
    expect(scopeOf('branch=SMKT001&from=2026-11-20&to=2026-11-21')).toEqual({
      branch: 'SMKT001',
      from: Date.parse('2026-11-20T03:00:00Z'),
      to: Date.parse('2026-11-21T03:00:00Z'),
    });
  });

  it('name every fault at once', () => {
    const problem = problemOf('from=x&to=2026-02-30&limit=0&by=week', (parameters) => {
      parameters.scope(calendar);
      parameters.wholeNumber('limit', 1, 10);
      parameters.oneOf('by', ['hour', 'day']);
    });
    expect(problem?.status).toBe(422);
    expect(problem?.errors?.map(({ parameter }) => parameter)).toEqual(['from', 'to', 'limit', 'by']);
  });

  it('refuse a period that is empty, turned round or given twice', () => {
    expect(problemOf('from=2026-01-01&to=2026-01-01')?.errors?.[0]?.parameter).toBe('to');
    expect(problemOf('from=2026-01-02&to=2026-01-01')?.errors?.[0]?.parameter).toBe('to');
    expect(problemOf('from=2026-01-01&from=2026-01-02')?.errors?.[0]?.parameter).toBe('from');
  });
});

describe('a problem', () => {
  it('is problem+json with a stable type', async () => {
    const response = problemResponse(unavailable().problem, '/api/kpis');
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toEqual({
      type: 'urn:tillstream:problem:unavailable',
      title: 'Figures are not available',
      status: 503,
      detail: expect.any(String),
      instance: '/api/kpis',
    });
  });
});
