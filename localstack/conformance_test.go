package localstack_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"korestream/internal/awsclient"
	"korestream/localstack/embed"
	"korestream/localstack/engines"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The engines that are ours.
const (
	embedded     = "embed"
	embeddedHTTP = "embed-http"
)

// shardLimit is that of the accounts of all engines.
const shardLimit = 1000

// casesOf are the cases that an engine runs.
func casesOf(engine string) []conformanceCase {
	ofKinesis := slices.Concat(streamCases, describeCases, listShardsCases, putCases, iteratorCases, readCases,
		reshardCases, settingsCases, consumerCases, subscribeCases, tagCases, arnCases)
	ofDynamoDB := slices.Concat(tableCases, itemCases, conditionCases, updateCases, queryCases, scanCases,
		indexCases, batchCases, transactCases)
	switch engine {
	case engines.KinesisLocal:
		return ofKinesis
	case engines.Dynalite:
		return ofDynamoDB
	}
	return slices.Concat(ofKinesis, heavyCases, ofDynamoDB)
}

func TestEmbed_Conforms(t *testing.T) {
	t.Parallel()
	conforms(t, embedded, newEmbed().Config())
}

func TestEmbed_ConformsOverHTTP(t *testing.T) {
	t.Parallel()
	conforms(t, embeddedHTTP, overHTTP(t))
}

func TestKinesisLocal_Conforms(t *testing.T) {
	t.Parallel()
	conforms(t, engines.KinesisLocal, ofOthers(t, engines.StartKinesis))
}

func TestDynalite_Conforms(t *testing.T) {
	t.Parallel()
	conforms(t, engines.Dynalite, ofOthers(t, engines.StartDynamoDB))
}

// conforms runs the cases against one engine and holds the failures against the
// list of known disagreements, which has to be right in both directions.
func conforms(t *testing.T, engine string, cfg aws.Config) {
	t.Helper()
	for _, c := range casesOf(engine) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			failures := examine(t, c, cfg)
			known, listed := disagreementOf(engine, c.name)
			switch all := strings.Join(failures, "\n"); {
			case listed && all == "":
				t.Errorf("%s agrees with AWS now: take this case off the list of disagreements", engine)
			case listed && !strings.Contains(all, known.shows):
				t.Errorf("the disagreement on the list shows as %q, got:\n%s", known.shows, all)
			case !listed && all != "":
				t.Errorf("%s does not do as AWS does:\n%s", engine, all)
			case listed:
				t.Logf("as listed, %s %s", engine, known.does)
			}
		})
	}
}

func newEmbed() *embed.Endpoint { return embed.New(embed.WithShardLimit(shardLimit)) }

// overHTTP serves an embedded endpoint on loopback until the test is over.
func overHTTP(t *testing.T) aws.Config {
	t.Helper()
	endpoint := newEmbed()
	server := httptest.NewServer(endpoint)
	t.Cleanup(server.Close)
	client := server.Client()
	t.Cleanup(client.CloseIdleConnections)
	cfg := endpoint.Config()
	cfg.BaseEndpoint = aws.String(server.URL)
	cfg.HTTPClient = awsclient.PlainBodies(client)
	return cfg
}

// enginesVariable says whether the engines of others have to run: with
// "required" it is a failure if they cannot, as it should be in CI, with "off"
// they are left out, and otherwise they run where they can.
const enginesVariable = "CONFORMANCE_ENGINES"

// ofOthers starts an engine and stops it after the test. It skips the test where
// there cannot be one.
func ofOthers(t *testing.T, start func(context.Context) (*engines.Engine, error)) aws.Config {
	t.Helper()
	wanted := os.Getenv(enginesVariable)
	if wanted == "off" {
		t.Skipf("%s=off leaves out the engines of others", enginesVariable)
	}
	if testing.Short() && wanted != "required" {
		t.Skip("the engines of others are left out of short runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	e, err := start(ctx)
	if errors.Is(err, engines.ErrNoNode) && wanted != "required" {
		t.Skipf("this engine is not compared: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of what %s said: %s", e.Name, e.Output())
		}
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
	})
	return e.Config()
}
