package cmd

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"korestream/internal/app"
)

func newSchema(stdout io.Writer) *cobra.Command {
	c := &cobra.Command{
		Use:   "schema",
		Short: "Show what events look like, and in what yours differ",
		Long: `schema knows KORE's events as JSON Schemas, and compares events with them: those
that the workers of an application have seen, or those of a file.`,
		RunE: func(*cobra.Command, []string) error {
			return &usageError{errors.New("schema: say what: drift, ls, show or check")}
		},
	}
	c.AddCommand(newSchemaDrift(stdout), newSchemaList(stdout), newSchemaShow(stdout), newSchemaCheck(stdout))
	return c
}

func newSchemaDrift(stdout io.Writer) *cobra.Command {
	var (
		s            settings
		output, file string
	)
	c := &cobra.Command{
		Use:   "drift",
		Short: "Say in what events differ from their schemas",
		Long: `drift asks every live worker of the application, where its admin server can be
reached, what it has found since it was started: new types, members, versions and
values, members that are missing, values of another kind. With --file it looks at
a file of events instead, NDJSON or JSON, and needs no configuration; - is
standard input. It shows kinds and no values.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			if file != "" {
				return app.SchemaDriftFile(file, c.InOrStdin(), stdout, output)
			}
			cfg, err := s.load(true)
			if err != nil {
				return err
			}
			return app.SchemaDrift(c.Context(), cfg, stdout, output)
		},
	}
	s.flags(c)
	c.Flags().StringVar(&file, "file", "", "look at this file of events instead of asking the workers")
	outputFlag(c, &output)
	return c
}

func newSchemaList(stdout io.Writer) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "ls",
		Short: "List the types of events that are known, and their schemas",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			return app.SchemaList(stdout, output)
		},
	}
	outputFlag(c, &output)
	return c
}

func newSchemaShow(stdout io.Writer) *cobra.Command {
	var version int
	c := &cobra.Command{
		Use:   "show TYPE",
		Short: "Print the JSON Schema of a type's data",
		Long: `show prints the schema of a type of events, such as data-session.updated (a type
in full will do), of a schema's name, or of the envelope.`,
		Args: oneArg("schema show: name one type or schema; korestream schema ls lists them"),
		RunE: func(_ *cobra.Command, args []string) error {
			if version < 0 {
				return &usageError{errors.New("--version is negative")}
			}
			return app.SchemaShow(args[0], version, stdout)
		},
	}
	c.Flags().IntVar(&version, "version", 0, "version of the schema; 0 is the newest")
	return c
}

func newSchemaCheck(stdout io.Writer) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Compare the events of a file with their schemas",
		Long: `check reads a file of events, NDJSON or JSON, - for standard input, and exits with
1 if an event breaks its schema or if something in it is no event. What is merely
new breaks nothing; schema drift --file shows it.`,
		Args: oneArg("schema check: name one file, or - for standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			return app.SchemaCheck(args[0], c.InOrStdin(), stdout, output)
		},
	}
	outputFlag(c, &output)
	return c
}

// oneArg wants one argument and says what it is otherwise.
func oneArg(otherwise string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{errors.New(otherwise)}
		}
		return nil
	}
}
