package environment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// doors says which stacks may read ids that another stack's resources got from AWS.
var doors = map[string][]string{
	"notifications": {"storage"},
	"executor":      {"storage"},
	"functions":     {"storage"},
	"machines":      {"storage", "executor"},
}

var imported = regexp.MustCompile(`"Fn::ImportValue":"(deployer-[a-z]+)-([a-z]+):`)

func TestStacksReadOnlyThroughTheirDoors(t *testing.T) {
	for name, one := range templates(t) {
		room := name[strings.LastIndex(name, "-")+1:]
		text, err := json.Marshal(json.RawMessage(one.text))
		require.NoError(t, err)
		compact := strings.ReplaceAll(strings.ReplaceAll(string(text), "\n", ""), `": "`, `":"`)
		for _, match := range imported.FindAllStringSubmatch(compact, -1) {
			require.Equal(t, strings.TrimSuffix(name, "-"+room), match[1], "%s reads another environment", name)
			require.Contains(t, doors[room], match[2], "%s reads %s; is that a door?", name, match[2])
			require.Less(t, slices.Index(Rooms, match[2]), slices.Index(Rooms, room), "%s is deployed after %s", match[2], room)
		}
	}
}

func TestEveryDoorIsUsed(t *testing.T) {
	for room, others := range doors {
		for _, other := range others {
			require.Contains(t, string(templates(t)["deployer-staging-"+room].text), "deployer-staging-"+other+":",
				"%s no longer reads %s: close the door", room, other)
		}
	}
}

func TestStacksAreDeployedInTheOrderOfTheRooms(t *testing.T) {
	folder := t.TempDir()
	synthesize(t, folder, full(t), everything(t))
	data, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	require.NoError(t, err)
	var manifest struct {
		Artifacts map[string]struct{ Dependencies []string }
	}
	require.NoError(t, json.Unmarshal(data, &manifest))
	for i, room := range Rooms[1:] {
		require.Contains(t, manifest.Artifacts["deployer-staging-"+room].Dependencies, "deployer-staging-"+Rooms[i], room)
	}
	require.Contains(t, manifest.Artifacts["deployer-small-storage"].Dependencies, "deployer-small-access")
}

func TestEveryRoomIsAStack(t *testing.T) {
	for _, room := range Rooms {
		require.Contains(t, templates(t), "deployer-staging-"+room)
	}
	require.NotContains(t, templates(t), "deployer-small-replica")
}
