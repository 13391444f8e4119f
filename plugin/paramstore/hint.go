package paramstore

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// event is a change of a parameter, as EventBridge tells it:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
type event struct {
	Source string `json:"source"`
	Type   string `json:"detail-type"`
	// Region and Time may be of any type: where one is no text, the rest counts all the same.
	Region any `json:"region"`
	Time   any `json:"time"`
	Detail struct {
		Operation ledger.Operation `json:"operation"`
		Name      string           `json:"name"`
	} `json:"detail"`
}

// envelope is what SNS puts around a message:
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
type envelope struct {
	Type    string `json:"Type"`
	Message string `json:"Message"`
}

// operations is the operations that events tell of.
var operations = []ledger.Operation{ledger.Create, ledger.Update, ledger.Delete, ledger.Label}

// parseHint reads the body of a message: an event, as it is or in an envelope of SNS.
// Of anything else the hint is empty, and of an event that says it is of another Region, or of
// what no parameter is called: a call for that may fail, for those beside it as well.
func parseHint(body, region string) ledger.Hint {
	var e event
	var around envelope
	if json.Unmarshal([]byte(body), &around) == nil && around.Type == "Notification" {
		body = around.Message
	}
	err := json.Unmarshal([]byte(body), &e)
	from, _ := e.Region.(string)
	switch {
	case err != nil,
		e.Source != "aws.ssm",
		e.Type != "" && e.Type != "Parameter Store Change",
		!strings.Contains(region, from), // it may be fips-us-east-1, as the SDK has it
		e.Detail.Operation != "" && !slices.Contains(operations, e.Detail.Operation),
		len(e.Detail.Name) > MaxName,
		CheckPath("/"+strings.TrimPrefix(e.Detail.Name, "/")) != nil: // one outside of a hierarchy has no slash
		return ledger.Hint{}
	}
	text, _ := e.Time.(string)
	at, _ := time.Parse(time.RFC3339, text)
	return ledger.Hint{Name: e.Detail.Name, Operation: e.Detail.Operation, At: at}
}
