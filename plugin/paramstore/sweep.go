package paramstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// PerCall is how many parameters one call reads at most, by path or by name:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
const PerCall = 10

// errEmpty is an answer that does not even say that there are no parameters,
// such as an empty body. The SDK takes it for one that does.
var errEmpty = errors.New("found an empty answer, want a list of parameters")

// Sweep reads every parameter that the lines name. An error means that it is
// not known what is there: the sweep was not complete. A parameter that does
// not exist is just not among the result.
func (s *Store) Sweep(ctx context.Context) ([]ledger.Parameter, error) {
	var seen []ledger.Parameter
	for i, line := range s.lines {
		if line.Path == "" {
			continue
		}
		page, err := s.path(ctx, i, line.Path)
		if err != nil {
			return nil, fmt.Errorf("read the parameters below %s: %w", line.Path, err)
		}
		seen = append(seen, page...)
	}
	named, err := s.Read(ctx, s.refs())
	if err != nil {
		return nil, err
	}
	return append(seen, named...), nil
}

// Read reads these parameters by name. As in a sweep, an error means that
// nothing is known, and one that does not exist is just not among the result.
func (s *Store) Read(ctx context.Context, refs []ledger.Ref) ([]ledger.Parameter, error) {
	var seen []ledger.Parameter
	for _, batch := range s.batches(refs) {
		page, err := s.named(ctx, batch)
		if err != nil {
			return nil, fmt.Errorf("read the parameters %s: %w", strings.Join(selectors(batch), " "), err)
		}
		seen = append(seen, page...)
	}
	return seen, nil
}

// path reads the parameters below a path, page by page to the last token: a
// page may be empty and still have one.
func (s *Store) path(ctx context.Context, line int, path string) ([]ledger.Parameter, error) {
	var seen []ledger.Parameter
	input := &ssm.GetParametersByPathInput{
		Path:       aws.String(path),
		Recursive:  aws.Bool(true),
		MaxResults: aws.Int32(PerCall),
	}
	tokens := map[string]bool{}
	for {
		output, err := call(ctx, s, "GetParametersByPath", s.client.GetParametersByPath, input)
		if err != nil {
			return nil, err
		}
		for _, p := range output.Parameters {
			seen = append(seen, observe(line, aws.ToString(p.Name), p))
		}
		next := aws.ToString(output.NextToken)
		if output.Parameters == nil && next == "" {
			return nil, errEmpty
		}
		if next == "" {
			return seen, nil
		}
		if tokens[next] {
			return nil, errors.New("found the same page token twice, want each page once")
		}
		tokens[next] = true
		input.NextToken = output.NextToken
	}
}

// refs is the parameters that lines name.
func (s *Store) refs() []ledger.Ref {
	var refs []ledger.Ref
	for i, line := range s.lines {
		if line.Parameter != "" {
			refs = append(refs, ledger.Ref{Line: i, Name: line.Selector()})
		}
	}
	return refs
}

// batches shares refs out among calls. No call asks for one parameter twice, by
// two labels or for two lines: what comes back would be hard to tell apart, since
// only the name is sure to be with it.
func (s *Store) batches(refs []ledger.Ref) [][]ledger.Ref {
	var batches [][]ledger.Ref
next:
	for _, ref := range refs {
		for b, batch := range batches {
			same := func(o ledger.Ref) bool { return s.parameter(o) == s.parameter(ref) }
			if len(batch) < PerCall && !slices.ContainsFunc(batch, same) {
				batches[b] = append(batch, ref)
				continue next
			}
		}
		batches = append(batches, []ledger.Ref{ref})
	}
	return batches
}

// parameter is the name of ref's parameter, without a label.
func (s *Store) parameter(ref ledger.Ref) string {
	if name := s.lines[ref.Line].Parameter; name != "" {
		return name
	}
	return ref.Name
}

func selectors(refs []ledger.Ref) []string {
	var names []string
	for _, ref := range refs {
		names = append(names, ref.Name)
	}
	return names
}

// named reads these parameters in one call.
func (s *Store) named(ctx context.Context, batch []ledger.Ref) ([]ledger.Parameter, error) {
	input := &ssm.GetParametersInput{Names: selectors(batch)}
	byName := map[string]ledger.Ref{}
	for _, ref := range batch {
		byName[s.parameter(ref)] = ref
	}
	output, err := call(ctx, s, "GetParameters", s.client.GetParameters, input)
	if err != nil {
		return nil, err
	}
	if output.Parameters == nil && output.InvalidParameters == nil {
		return nil, errEmpty
	}
	var seen []ledger.Parameter
	told := map[string]bool{}
	for _, p := range output.Parameters {
		ref, ok := byName[aws.ToString(p.Name)]
		if !ok {
			return nil, fmt.Errorf("found %s in the answer, want what was asked for", aws.ToString(p.Name))
		}
		seen = append(seen, observe(ref.Line, ref.Name, p))
		told[aws.ToString(p.Name)] = true
	}
	for _, name := range output.InvalidParameters {
		told[name] = true
	}
	// What the answer does not mention would pass for deleted, and take its aliases along.
	for _, ref := range batch {
		if !told[ref.Name] && !told[s.parameter(ref)] {
			return nil, fmt.Errorf("found nothing about %s in the answer, want it or that it does not exist", ref.Name)
		}
	}
	return seen, nil
}

// observe is a parameter as it was read. A SecureString is never decrypted:
// whoever flips an alias has no secret to keep, and the value in the answer is
// the encrypted one.
func observe(line int, name string, p types.Parameter) ledger.Parameter {
	seen := ledger.Parameter{
		Line:     line,
		Name:     name,
		Value:    aws.ToString(p.Value),
		Version:  p.Version,
		Modified: aws.ToTime(p.LastModifiedDate),
	}
	if p.Type != types.ParameterTypeString {
		seen.Problem = fmt.Errorf("read type: found %s, want String", p.Type)
	} else if t := aws.ToString(p.DataType); t != "" && t != "text" {
		seen.Problem = fmt.Errorf("read data type: found %s, want text", t)
	}
	return seen
}
