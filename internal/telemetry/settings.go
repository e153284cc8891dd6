package telemetry

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Environment is what [os.LookupEnv] is. As everywhere with OTEL_*, a variable that is
// empty is not set.
type Environment func(name string) (string, bool)

func (e Environment) get(name string) string {
	if e == nil {
		e = os.LookupEnv
	}
	v, _ := e(name)
	return strings.TrimSpace(v)
}

// Settings is what the variables ask for. The zero value is nothing.
type Settings struct {
	Traces, Metrics Signal
}

// Signal is what is asked for of traces or of metrics.
type Signal struct {
	// Console says that they go to standard output.
	Console bool
	// OTLP is where they go, nil for nowhere.
	OTLP *OTLP
	// Err is why the signal is off although it is asked for.
	Err error
}

// On tells whether there is anything to do.
func (s Signal) On() bool { return s.Console || s.OTLP != nil }

// On tells whether there is anything to do.
func (s Settings) On() bool { return s.Traces.On() || s.Metrics.On() }

// FromEnvironment reads the variables; nil is those of this process. It reads the
// files that they name and nothing else.
func FromEnvironment(env Environment) Settings {
	if strings.EqualFold(env.get("OTEL_SDK_DISABLED"), "true") {
		return Settings{}
	}
	return Settings{Traces: env.signal("traces"), Metrics: env.signal("metrics")}
}

// signal reads what is asked for of a signal. Half of what was asked for is nothing:
// it would look as if all went well.
func (e Environment) signal(name string) Signal {
	s, err := e.exporters(name)
	if err != nil {
		return Signal{Err: err}
	}
	return s
}

// exporters reads which exporters a signal is to have. Several may be named.
func (e Environment) exporters(signal string) (s Signal, err error) {
	variable := "OTEL_" + strings.ToUpper(signal) + "_EXPORTER"
	names := e.get(variable)
	if names == "" && e.endpointSet(signal) {
		names = "otlp"
	}
	for name := range strings.SplitSeq(names, ",") {
		switch name = strings.TrimSpace(name); {
		case name == "" || name == "none":
		case name == "console":
			s.Console = true
		case name == "otlp":
			s.OTLP, err = e.otlp(signal)
		case name == "prometheus" && signal == "metrics": // always served, at admin.listen
		default:
			err = fmt.Errorf("exporter %q of %s is unknown: want otlp, console or none", name, variable)
		}
		if err != nil {
			return Signal{}, err
		}
	}
	return s, nil
}

func (e Environment) endpointSet(signal string) bool {
	return slices.ContainsFunc(otlpVariables(signal, "ENDPOINT"), func(v string) bool { return e.get(v) != "" })
}

// otlpVariables are the names of a setting of OTLP, the signal's own first.
func otlpVariables(signal, setting string) []string {
	const prefix = "OTEL_EXPORTER_OTLP_"
	return []string{prefix + strings.ToUpper(signal) + "_" + setting, prefix + setting}
}
