package sallyport_test

import (
	"fmt"
	"time"

	sallyport "github.com/sallyport/sallyport"
)

// A viewer may read, and a token that is limited to less than its owner's rights
// may not even that.
func ExampleAuthorize() {
	const readRacks, changeRacks = 0, 1
	var viewer sallyport.Set
	viewer.Add(readRacks)
	roles := []sallyport.Set{viewer}
	grants := []sallyport.Grant{{Binding: "viewer-in-oslo", Role: 0}}

	ask := func(permission int32, limited bool) {
		reason, by := sallyport.Authorize(roles, grants, &sallyport.Question{
			Need:    sallyport.Need{AllOf: []int32{permission}},
			Limited: limited,
			Facts:   sallyport.Circumstances{Time: time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)},
		})
		if reason != "" {
			fmt.Println("refused:", reason)
			return
		}
		fmt.Println("allowed by", by)
	}
	ask(readRacks, false)
	ask(changeRacks, false)
	ask(readRacks, true)
	// Output:
	// allowed by viewer-in-oslo
	// refused: permission_missing
	// refused: scope_insufficient
}

func ExamplePermission_API() {
	fmt.Println(sallyport.Permission("edge-intelligence/asset-management").API())
	// Output: edge-intelligence
}

func ExampleReason_Coarse() {
	// The operator sees why, a stranger does not learn that the account exists.
	fmt.Println(sallyport.PasswordWrong.Coarse(), sallyport.UserUnknown.Coarse())
	// Output: credential_invalid credential_invalid
}
