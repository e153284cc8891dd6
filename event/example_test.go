package event_test

import (
	"fmt"

	"korestream/event"
)

func ExampleDecode() {
	record := []byte(`{"id":"EZ1","type":"com.kore.iot.supersim.connection.data-session.updated",
		"data":{"sim_sid":"HS1","data_session_data_total":3072}}`)
	items, err := event.Decode(record)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, it := range items {
		if it.Err != nil {
			fmt.Println(it.Err)
			continue
		}
		c, err := it.Event.Connection()
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(it.Event.Suffix(), it.Event.SIM(), *c.DataSessionDataTotal)
	}
	// Output: data-session.updated HS1 3072
}

func ExampleDecodeError() {
	items, _ := event.Decode([]byte(`[{"id":"1","type":"t"},{"type":"t"}]`))
	fmt.Println(items[0].Event.ID)
	fmt.Println(items[1].Err)
	// Output:
	// 1
	// decode event: missing_id at byte 23: no id
}
