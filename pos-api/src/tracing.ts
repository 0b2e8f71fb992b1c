import { setTimeout as delay } from 'node:timers/promises';
import { parseSettings } from '@tillstream/schemas/settings';
import { z } from 'zod';

/** What was not sent to the collector by then is dropped. */
const STOP_MS = 1_000;

/** A step of a trace that is under way. */
export interface TraceSpan {
  traceId: string;
  /** Names this span as the parent of what comes next, elsewhere too (W3C Trace Context); absent: the trace is not sampled. */
  traceparent: string | undefined;
  end(result: { name?: string; attributes?: Record<string, string | number>; failed: boolean }): void;
}

/** Makes spans and sends them to a collector. */
export interface Tracing {
  /** Begins a span below the parent, or a new trace where there is none that can be read. */
  start(name: string, kind: 'server' | 'producer', parent: string | undefined): TraceSpan;
  /** Sends what is left. */
  stop(): Promise<void>;
}

const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url().optional(),
  OTEL_SERVICE_NAME: z.string().optional(),
};

/**
 * Tracing by OpenTelemetry, sent by OTLP over HTTP, when a collector is named by the standard settings (`OTEL_…`: these
 * also say which share is sampled, and what to send as headers). Undefined, and nothing loaded, when none is.
 *
 * @throws SettingsError when a setting is bad
 */
export const startTracing = async (service: string): Promise<Tracing | undefined> => {
  const settings = parseSettings(tracingSettings);
  if (!settings.OTEL_EXPORTER_OTLP_ENDPOINT && !settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return undefined;
  const [api, { parseTraceParent }, { BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, resources] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/core'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const name = settings.OTEL_SERVICE_NAME ?? `tillstream-${service}`;
  const provider = new BasicTracerProvider({
    resource: resources.defaultResource().merge(resources.resourceFromAttributes({ 'service.name': name })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('tillstream');
  const kinds = { server: api.SpanKind.SERVER, producer: api.SpanKind.PRODUCER };
  const below = (parent: string | undefined) => {
    const known = parent === undefined ? null : parseTraceParent(parent);
    return known ? api.trace.setSpanContext(api.ROOT_CONTEXT, { ...known, isRemote: true }) : api.ROOT_CONTEXT;
  };

  return {
    start: (spanName, kind, parent) => {
      const span = tracer.startSpan(spanName, { kind: kinds[kind] }, below(parent));
      const { traceId, spanId } = span.spanContext();
      return {
        traceId,
        traceparent: span.isRecording() ? `00-${traceId}-${spanId}-01` : undefined,
        end: ({ name: finalName, attributes = {}, failed }) => {
          if (finalName !== undefined) span.updateName(finalName);
          span.setAttributes(attributes);
          if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    stop: async () => {
      await Promise.race([provider.shutdown().catch(() => undefined), delay(STOP_MS, undefined, { ref: false })]);
    },
  };
};
