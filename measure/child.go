package measure

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
)

// A Child is a process that takes orders on its standard input and reports on its standard output, a JSON value each: what
// it uses is its own and can be told from what others use.
type Child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

// StartChild starts a command that does nothing but Obey.
func StartChild(command *exec.Cmd) (*Child, error) {
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &Child{command, in, json.NewDecoder(out)}, command.Start()
}

// Ask gives an order and waits for the report.
func (c *Child) Ask(order, report any) error {
	if err := json.NewEncoder(c.in).Encode(order); err != nil {
		return fmt.Errorf("%s takes no orders: %w", c.command.Path, err)
	}
	if err := c.out.Decode(report); err != nil {
		return fmt.Errorf("%s reports nothing: %w", c.command.Path, err)
	}
	return nil
}

// Close ends the orders, and waits until the process has ended.
func (c *Child) Close() error {
	c.in.Close()
	return c.command.Wait()
}

// Obey answers the orders that come on in, until it ends or one fails.
func Obey[Order, Report any](in io.Reader, out io.Writer, do func(Order) (Report, error)) error {
	orders, reports := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o Order
		if err := orders.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		r, err := do(o)
		if err != nil {
			return err
		}
		if err := reports.Encode(r); err != nil {
			return err
		}
	}
}
