//go:build unix

package handlers_test

import (
	"context"
	"fmt"

	"korestream/consumer"
	"korestream/event"
	"korestream/handlers"
)

// A program in any language: here a shell's, which refuses what is no usage.
func ExampleOpenExec() {
	const program = `
		while IFS= read -r line; do
			id=${line#'{"id":"'} id=${id%%'"'*}
			case $line in
			*'"type":"usage"'*) echo "{\"id\":\"$id\"}" ;;
			*) echo "{\"id\":\"$id\",\"error\":\"no usage\",\"permanent\":true}" ;;
			esac
		done`
	cfg := handlers.DefaultExecConfig()
	cfg.Command = []string{"sh", "-c", program}
	h, err := handlers.OpenExec(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()

	items, err := event.Decode([]byte(`[{"id": "EZ1", "type": "usage"}, {"id": "EZ2", "type": "other"}]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range items {
		err := h.Handle(context.Background(), &consumer.Delivery{Event: item.Event})
		fmt.Println(item.Event.ID, err, handlers.IsPermanent(err))
	}
	// Output:
	// EZ1 <nil> false
	// EZ2 the program says: no usage true
}
