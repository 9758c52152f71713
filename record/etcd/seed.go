package etcd

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"kurultai/record"
)

// Seed begins a quorum from the record that a copy holds: size, newest checkpoint and newest cosigned checkpoint become
// what etcd holds, as if all groups had been trimmed, and reports whether it did. Other members get the entries from the
// copy. An etcd that holds anything of a record is left as it is; so is one where the copy is empty.
func Seed(ctx context.Context, client *clientv3.Client, copied record.Engine) (bool, error) {
	head, err := copied.Head(ctx)
	if err != nil || head.Size == 0 {
		return false, err
	}
	then := []clientv3.Op{clientv3.OpPut(sizeKey, number(head.Size)), clientv3.OpPut(checkpointKey, string(head.Note))}
	for c, err := range copied.Cosigned(ctx) {
		if err != nil {
			return false, err
		}
		then = append(then, clientv3.OpPut(cosignedKey+number(c.Size), string(c.Note)))
		break
	}
	r, err := client.Txn(ctx).If(clientv3.Compare(clientv3.Version(sizeKey), "=", 0), clientv3.Compare(clientv3.Version(checkpointKey), "=", 0)).
		Then(then...).Commit()
	if err != nil {
		return false, fmt.Errorf("beginning the quorum's record: %w", err)
	}
	return r.Succeeded, nil
}
