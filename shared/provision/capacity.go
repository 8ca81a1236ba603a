package provision

import "github.com/deployer-io/deployer/shared/resource"

// capacity is where the copies of a task run: a launch type, or shares of capacity providers. ECS takes only one of the two.
type capacity struct {
	launchType string
	shares     []capacityShare
}

// capacityShare is what of the copies runs on one capacity provider: base of them in any case, of the rest weight parts.
type capacityShare struct {
	provider     string
	base, weight int
}

// capacity says where copies on a platform run. A cluster that exists may have its instances without a capacity provider that
// is known here.
func (n network) capacity(platform resource.Platform) capacity {
	switch {
	case platform == resource.ECSEC2 && n.capacityProvider == "":
		return capacity{launchType: "EC2"}
	case platform == resource.ECSEC2:
		return capacity{shares: []capacityShare{{provider: n.capacityProvider, weight: 1}}}
	case n.spotPercent > 0:
		// A copy that is not on Spot stays when all of Spot is taken away at once.
		return capacity{shares: []capacityShare{{provider: "FARGATE", base: 1, weight: 100 - n.spotPercent},
			{provider: "FARGATE_SPOT", weight: n.spotPercent}}}
	}
	return capacity{launchType: "FARGATE"}
}
