package operations

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// A Tracer says what became of an act between the device that sent it and the disk: one trace, whose id the page drew.
//
//	POST /api/acts/{act}       the request
//	└ CastVote                 from its arrival at the writer to its answer
//	  ├ decide                 of the group it was in
//	  ├ append
//	  └ publish
//
// Spans bear the kind of an act, what became of it and its index: nothing of who sent it. The nil Tracer does nothing.
type Tracer struct {
	provider *sdktrace.TracerProvider
	spans    trace.Tracer
	w3c      propagation.TraceContext
}

// NewTracer sends spans by OTLP over HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT, or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, says;
// nil where neither does. The other OTEL_ variables of the specification hold as well.
func NewTracer(ctx context.Context) (*Tracer, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil, nil
	}
	out, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("sending traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "kurultai")), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("traces", "error", err) }))
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(out), sdktrace.WithResource(about), sdktrace.WithRawSpanLimits(sdktrace.SpanLimits{AttributeCountLimit: 8, EventCountLimit: 0, LinkCountLimit: 0, AttributeValueLengthLimit: 100}))
	return &Tracer{provider: p, spans: p.Tracer("kurultai")}, nil
}

// Close sends what has not been sent yet.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// With begins a span for each request that changes something, within the trace that its traceparent names (W3C Trace
// Context). It is called as the pattern it was answered under, in which nothing of an address stands but its form.
func (t *Tracer) With(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		ctx, span := t.spans.Start(t.w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), "POST", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		r = r.WithContext(ctx)
		next.ServeHTTP(w, r)
		if r.Pattern != "" {
			span.SetName(r.Pattern)
		}
	})
}

// Heard makes spans of what became of the acts of a group, where the request that brought one has a trace.
func (t *Tracer) Heard(r Round) {
	if t == nil {
		return
	}
	for _, a := range r.Acts {
		if !trace.SpanContextFromContext(a.Ctx).IsValid() {
			continue
		}
		about := []attribute.KeyValue{attribute.String("kurultai.outcome", a.Outcome), attribute.Int("kurultai.group", len(r.Acts))}
		if a.Code != "" {
			about = append(about, attribute.String("kurultai.refusal", a.Code))
		}
		if a.Outcome == "taken" {
			about = append(about, attribute.Int64("kurultai.index", a.Index))
		}
		ctx, span := t.spans.Start(a.Ctx, a.Name, trace.WithTimestamp(a.Came), trace.WithAttributes(about...))
		if a.Outcome == "failed" {
			span.SetStatus(codes.Error, "a fault, see the log")
		}
		part := func(name string, from, to time.Time) {
			_, s := t.spans.Start(ctx, name, trace.WithTimestamp(from))
			s.End(trace.WithTimestamp(to))
		}
		part("decide", r.Began, r.Decided)
		if r.Entries > 0 {
			part("append", r.Decided, r.Appended)
			part("publish", r.Appended, r.Settled)
		}
		span.End(trace.WithTimestamp(r.Settled))
	}
}
