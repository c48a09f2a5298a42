package admin

import (
	"encoding/json"
	"fmt"

	"github.com/sallyport/sallyport"
)

// asStored returns a document as it comes back from the store.
func asStored(api sallyport.API) (sallyport.API, error) {
	raw, err := json.Marshal(api)
	if err != nil {
		return api, fmt.Errorf("encode the API %s: %w", api.Name, err)
	}
	var back sallyport.API
	if err := json.Unmarshal(raw, &back); err != nil {
		return api, fmt.Errorf("decode the API %s: %w", api.Name, err)
	}
	return back, nil
}
