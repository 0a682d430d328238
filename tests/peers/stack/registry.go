// SPDX-License-Identifier: Apache-2.0

// A registry that knows referrers (OCI distribution 1.1), in memory: registry HOST:PORT.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	handler := registry.New(registry.WithReferrersSupport(true))
	log.Fatal(http.ListenAndServe(os.Args[1], handler))
}
