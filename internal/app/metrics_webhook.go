package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"korestream/webhook"
)

// receiverCollector turns what a receiver of webhooks has done into metrics.
type receiverCollector struct{ stats func() webhook.Stats }

var _ prometheus.Collector = receiverCollector{}

// Describe implements prometheus.Collector.
func (c receiverCollector) Describe(out chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, out)
}

// Collect implements prometheus.Collector.
func (c receiverCollector) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	for outcome, n := range s.Requests {
		mRequests.value(out, float64(n), outcome)
	}
	mReceived.value(out, float64(s.Put), "put")
	mReceived.value(out, float64(s.Repeated), "repeated")
	mReceived.value(out, float64(s.Tests), "test")
	mReceived.value(out, float64(s.NotEvents), "no_event")
	mPutAgain.value(out, float64(s.PutRetries))
	mUnclaimed.value(out, float64(s.Unclaimed))
	mUnfinished.value(out, float64(s.Unfinished))
	mAnswering.value(out, float64(s.InFlight))
	out <- prometheus.MustNewConstHistogram(mAnswers.desc, s.AnswerCount, s.AnswerSum, s.Answers)
}
