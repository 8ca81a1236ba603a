package lock_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/deployer-io/deployer/shared/lock"
)

// The variables that make this test binary one of several processes on one table.
const (
	clientFolder = "DEPLOYER_TEST_CLIENT_FOLDER"
	clientName   = "DEPLOYER_TEST_CLIENT_NAME"
)

// TestFileTableClient is what the other processes do: it counts its own item and a common one up in one transaction each
// time, and prints its count once it is acknowledged.
func TestFileTableClient(t *testing.T) {
	folder, name := os.Getenv(clientFolder), os.Getenv(clientName)
	if folder == "" {
		t.Skip("runs within TestFourProcessesOneKilledLoseNoTransaction")
	}
	table, err := lock.OpenFileTable(folder, time.Now)
	require.NoError(t, err)
	for i := 1; i <= 40; i++ {
		require.NoError(t, table.Transact(context.Background(), fmt.Sprint(name, "-", i), []lock.Write{counted("all"), counted(name)}))
		fmt.Println(i)
	}
}

func TestFourProcessesOneKilledLoseNoTransaction(t *testing.T) {
	folder := t.TempDir()
	killAt := 1 + rand.IntN(20)
	t.Logf("client0 is killed after its acknowledgement %d", killAt)
	type ending struct {
		client, acknowledged int
	}
	endings := make(chan ending)
	for i := range 4 {
		client := exec.Command(os.Args[0], "-test.run=^TestFileTableClient$")
		client.Env = append(os.Environ(), clientFolder+"="+folder, fmt.Sprint(clientName, "=client", i))
		stdout, err := client.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, client.Start())
		t.Cleanup(func() { _ = client.Process.Kill() })
		go func() {
			last := 0
			for acks := bufio.NewScanner(stdout); acks.Scan(); {
				n, err := strconv.Atoi(acks.Text())
				if err != nil {
					continue // the test's own PASS
				}
				last = n
				if i == 0 && n == killAt {
					for range rand.IntN(200) { // somewhere within the next transaction
						runtime.Gosched()
					}
					_ = client.Process.Kill()
				}
			}
			_ = client.Wait()
			endings <- ending{i, last}
		}()
	}
	acknowledged := map[int]int{}
	for range 4 {
		e := <-endings
		acknowledged[e.client] = e.acknowledged
	}
	table := openFileTable(t, folder, time.Now)
	var sum int64
	for i := range 4 {
		mine := fence(t, table, fmt.Sprint("client", i))
		sum += mine
		if i == 0 { // its last one may have come through without its word
			require.Contains(t, []int64{int64(acknowledged[i]), int64(acknowledged[i]) + 1}, mine)
			continue
		}
		require.Equal(t, 40, acknowledged[i])
		require.Equal(t, int64(40), mine)
	}
	require.Equal(t, sum, fence(t, table, "all"), "each transaction was applied to both items or to none")
}
