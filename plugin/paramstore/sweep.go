package paramstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/octoenergy/versionalias/plugin/ledger"
)

// perCall is how many parameters one call reads at most, by path or by name:
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
const perCall = 10

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
	for _, batch := range batches(s.lines) {
		page, err := s.named(ctx, batch)
		if err != nil {
			return nil, fmt.Errorf("read the parameters %s: %w", strings.Join(s.selectors(batch), " "), err)
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
		MaxResults: aws.Int32(perCall),
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

// batches shares the lines with a Parameter out among calls. No call asks for
// one parameter twice, by two labels or by two lines: what comes back would be
// hard to tell apart, since only the name is sure to be with it.
func batches(lines []ledger.Line) [][]int {
	var batches [][]int
	for i, line := range lines {
		if line.Parameter == "" {
			continue
		}
		batches = place(batches, lines, i)
	}
	return batches
}

func place(batches [][]int, lines []ledger.Line, line int) [][]int {
next:
	for b, batch := range batches {
		if len(batch) == perCall {
			continue
		}
		for _, other := range batch {
			if lines[other].Parameter == lines[line].Parameter {
				continue next
			}
		}
		batches[b] = append(batch, line)
		return batches
	}
	return append(batches, []int{line})
}

func (s *Store) selectors(batch []int) []string {
	var names []string
	for _, line := range batch {
		names = append(names, s.lines[line].Selector())
	}
	return names
}

// named reads the parameters of these lines.
func (s *Store) named(ctx context.Context, batch []int) ([]ledger.Parameter, error) {
	input := &ssm.GetParametersInput{Names: s.selectors(batch)}
	byName := map[string]int{}
	for _, line := range batch {
		byName[s.lines[line].Parameter] = line
	}
	output, err := call(ctx, s, "GetParameters", s.client.GetParameters, input)
	if err != nil {
		return nil, err
	}
	if output.Parameters == nil && output.InvalidParameters == nil {
		return nil, errEmpty
	}
	var seen []ledger.Parameter
	for _, p := range output.Parameters {
		line, ok := byName[aws.ToString(p.Name)]
		if !ok {
			return nil, fmt.Errorf("found %s in the answer, want what was asked for", aws.ToString(p.Name))
		}
		seen = append(seen, observe(line, s.lines[line].Selector(), p))
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
