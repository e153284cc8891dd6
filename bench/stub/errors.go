package stub

import (
	"errors"
	"fmt"
	"net/http"
)

// apiError is an error as AWS answers it.
type apiError struct{ code, message string }

func (e *apiError) Error() string { return e.code + ": " + e.message }

func apiErrorOf(err error) *apiError {
	var api *apiError
	if !errors.As(err, &api) {
		api = &apiError{"InternalFailure", err.Error()}
	}
	return api
}

func refusal(err error) (status int, body []byte) {
	api := apiErrorOf(err)
	return http.StatusBadRequest, fmt.Appendf(nil, `{"__type":%q,"message":%q}`, api.code, api.message)
}
