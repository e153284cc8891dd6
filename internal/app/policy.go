package app

import (
	"io"
	"os"

	"korestream/internal/config"
	"korestream/internal/iam"
)

// PolicyOptions are the settings of `iam-policy`.
type PolicyOptions struct {
	// Account is that of the resources, if the stream is not named by its ARN.
	Account string
	// Keys are ARNs of keys of KMS.
	Keys []string
	// Operator adds what the other commands call.
	Operator bool
}

// IAMPolicy writes the policy of a configuration to w. It calls nothing.
func IAMPolicy(cfg *config.Config, o PolicyOptions, w io.Writer) error {
	at := iam.PlaceOf(cfg, os.Getenv("AWS_REGION"), o.Account)
	var needs []iam.Need
	for _, n := range iam.Needs(cfg, at) {
		if !n.Operator || o.Operator {
			needs = append(needs, n)
		}
	}
	return writeJSON(w, iam.Policy(needs, at, o.Keys))
}
