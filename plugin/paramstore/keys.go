package paramstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/smithy-go"
)

// STS gives a role's keys for roleDuration, the least that it offers. They are used for
// roleUse: none may expire on the way to AWS.
const (
	roleDuration = 15 * time.Minute
	roleUse      = roleDuration - time.Minute
)

// roleKeys gives the keys of a role. STS says at what time they expire, but by its own
// clock: if the one here is behind they would be used for too long, and if it is ahead they
// would be asked for before each call.
type roleKeys struct {
	*stscreds.AssumeRoleProvider
	asker aws.CredentialsProvider // whose keys STS is asked with
}

// Retrieve implements aws.CredentialsProvider.
func (r roleKeys) Retrieve(ctx context.Context) (aws.Credentials, error) {
	asked := time.Now()
	keys, err := r.AssumeRoleProvider.Retrieve(ctx)
	drop(r.asker, err)
	keys.Expires = asked.Add(roleUse)
	return keys, err
}

// drop drops the keys that are kept if err says that AWS holds them for expired, whatever
// the clock says here. The next call gets others.
func drop(keys aws.CredentialsProvider, err error) {
	var api smithy.APIError
	if cache, ok := keys.(*aws.CredentialsCache); ok && errors.As(err, &api) && strings.Contains(api.ErrorCode(), expired) {
		cache.Invalidate()
	}
}

// expired is what the codes of errors contain that say so: ExpiredTokenException, or
// ExpiredToken.
const expired = "ExpiredToken"
