// The part of istiod that judges Istio's objects before the API server takes them: its validating webhook, by itself.
// All rules are in Istio's own packages. What is added here is the server's loop and a record of what was answered.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"

	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/webhooks/validation/server"
)

func main() {
	certificate := flag.String("certificate", "", "what the server shows (PEM)")
	key := flag.String("key", "", "its private key (PEM)")
	path := flag.String("records", "", "where to write the address, then each question with its answer, one JSON a line")
	flag.Parse()

	file, err := os.OpenFile(*path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	judge := http.NewServeMux()
	// As istiod does in pilot/pkg/bootstrap/validation.go.
	if _, err := server.New(server.Options{
		Schemas:      collections.PilotGatewayAPI(),
		DomainSuffix: constants.DefaultClusterLocalDomain,
		Mux:          judge,
	}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	records := &records{file: json.NewEncoder(file)}
	records.write(map[string]any{"address": listener.Addr().String()})
	log.Fatal(http.ServeTLS(listener, records.of(judge), *certificate, *key))
}

type records struct {
	file  *json.Encoder
	mutex sync.Mutex
}

// of hands a question on to the judge and writes both down before it answers: who has the answer finds the record.
func (r *records) of(judge http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, question *http.Request) {
		asked, err := io.ReadAll(question.Body)
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		question.Body = io.NopCloser(bytes.NewReader(asked))
		said := httptest.NewRecorder()
		judge.ServeHTTP(said, question)
		if said.Code == http.StatusOK {
			r.write(map[string]any{
				"asked": json.RawMessage(asked),
				"said":  json.RawMessage(said.Body.Bytes()),
			})
		}
		answer.Header().Set("Content-Type", "application/json")
		answer.WriteHeader(said.Code)
		_, _ = answer.Write(said.Body.Bytes())
	})
}

func (r *records) write(record map[string]any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.file.Encode(record); err != nil {
		log.Fatal(err)
	}
}
