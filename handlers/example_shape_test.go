package handlers_test

import (
	"context"
	"fmt"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
)

// A handler that gets the events of one country, and no ICCID.
func ExampleRoute() {
	abroad, err := handlers.ParseWhere(`data.network.iso_country != "US" && !has(data.error)`)
	check(err)
	iccid, err := handlers.ParseRedaction("iccid=mask")
	check(err)
	shape, err := handlers.NewShape(handlers.ShapeConfig{Redact: []handlers.Redaction{iccid}})
	check(err)
	show := handlers.HandlerFunc(func(_ context.Context, d *consumer.Delivery) error {
		fmt.Printf("%s\n", d.Event.Data)
		return nil
	})
	mux, err := handlers.NewMux(
		[]handlers.Route{{Name: "abroad", Match: handlers.Everything(), Where: abroad, Shape: shape, Handler: show}},
		letters{}, handlers.DefaultRetryPolicy(),
	)
	check(err)

	for i, country := range []string{`"US"`, `"DE"`, `null`} { // the last is not known to be abroad
		items, err := event.Decode(fmt.Appendf(nil,
			`{"id": "EZ%d", "type": "t", "data": {"sim_iccid": "89883070000000000001", "network": {"iso_country": %s}}}`, i, country))
		check(err)
		_, err = mux.Dispatch(context.Background(), &consumer.Delivery{Event: items[0].Event})
		check(err)
	}
	fmt.Println(mux.Stats().Unrouted, "unrouted")

	// Output:
	// {"sim_iccid": "****0001", "network": {"iso_country": "DE"}}
	// 2 unrouted
}
