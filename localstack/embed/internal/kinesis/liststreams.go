package kinesis

type listStreamsInput struct {
	ExclusiveStartStreamName *string
	Limit                    *int
	NextToken                *string
}

type streamSummary struct {
	StreamARN, StreamName, StreamStatus string
	StreamCreationTimestamp             timestamp
	StreamModeDetails                   modeOutput
}

type listStreamsOutput struct {
	HasMoreStreams  bool
	NextToken       string `json:",omitempty"`
	StreamNames     []string
	StreamSummaries []streamSummary
}

// defaultListStreams is also the most that one answer holds.
const defaultListStreams = 100

func (s *Service) listStreams(in *listStreamsInput) (any, error) {
	var c checks
	c.name("exclusiveStartStreamName", in.ExclusiveStartStreamName)
	c.within("limit", in.Limit, 1, 10_000)
	if err := c.err(); err != nil {
		return nil, err
	}
	after, err := s.listStreamsStart(in)
	if err != nil {
		return nil, err
	}
	limit := defaultListStreams
	if in.Limit != nil {
		limit = min(limit, *in.Limit)
	}
	s.mu.Lock()
	all := s.settleAll(s.opts.Now())
	s.mu.Unlock()
	out := listStreamsOutput{StreamNames: []string{}, StreamSummaries: []streamSummary{}}
	for _, st := range all {
		if st.name <= after {
			continue
		}
		if len(out.StreamNames) == limit {
			out.HasMoreStreams = true
			out.NextToken = s.newToken(tokenStreams, out.StreamNames[limit-1])
			break
		}
		out.StreamNames = append(out.StreamNames, st.name)
		out.StreamSummaries = append(out.StreamSummaries, st.listed())
	}
	return out, nil
}

func (s *Service) listStreamsStart(in *listStreamsInput) (string, error) {
	switch {
	case in.NextToken != nil:
		state, err := s.readToken(tokenStreams, *in.NextToken)
		if err != nil {
			return "", err
		}
		return state[0], nil
	case in.ExclusiveStartStreamName != nil:
		return *in.ExclusiveStartStreamName, nil
	}
	return "", nil
}
