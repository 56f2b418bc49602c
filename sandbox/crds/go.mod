// Where the custom resource definitions of Istio and the Gateway API come from. Nothing is compiled of these modules.
module slipway.dev/sandbox/crds

go 1.26.0

require (
	istio.io/api v1.31.4
	sigs.k8s.io/gateway-api v1.4.0
)
