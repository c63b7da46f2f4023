// The oracle of `skyops hpa`: records, with Kubernetes' own Go code, what kubectl, the API server and the HorizontalPodAutoscaler controller make of quantities, YAML and manifests.
//
// Usage: go run . DIRECTORY
//
// It reads the questions from DIRECTORY and writes the answers beside them, in place:
//
//	defaults.json        no question: the versions, feature gates and settings of the controller
//	types.json           no question: the fields of what makes pods and scales them, and their types
//	quantities.json      rows with "yaml": a scalar as it stands after `cpu: `
//	scalars.json         rows with "yaml": a document
//	replicas.json        rows with "given": pods and a target
//	rates.json           rows with "given": earlier steps and the rules of a behavior
//	manifests/*/         files of YAML or JSON; the answer is expected.json
//
// Nothing of Kubernetes is copied here: what it does not export is reached by go:linkname (hence the empty linkname.s).
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: oracle DIRECTORY")
	}
	directory := os.Args[1]
	recordTable(filepath.Join(directory, "quantities.json"), answerQuantity)
	recordTable(filepath.Join(directory, "scalars.json"), answerScalar)
	recordTable(filepath.Join(directory, "replicas.json"), answerReplicas)
	recordTable(filepath.Join(directory, "rates.json"), answerRates)
	write(filepath.Join(directory, "defaults.json"), answerDefaults())
	write(filepath.Join(directory, "types.json"), answerTypes())
	folders, err := filepath.Glob(filepath.Join(directory, "manifests", "*"))
	if err != nil {
		log.Fatal(err)
	}
	for _, folder := range folders {
		write(filepath.Join(folder, "expected.json"), answerManifests(folder))
	}
	log.Printf("%d folders of manifests", len(folders))
}

// recordTable answers every row of a table. A table that is not there is passed over.
func recordTable[Row any](path string, answer func(Row) Row) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	var rows []Row
	if err := json.Unmarshal(text, &rows); err != nil {
		log.Fatalf("%s: %v", path, err)
	}
	var out bytes.Buffer
	out.WriteString("[\n")
	for i, row := range rows {
		out.WriteString("  ")
		out.Write(encoded(answer(row), ""))
		if i < len(rows)-1 {
			out.WriteString(",")
		}
		out.WriteString("\n")
	}
	out.WriteString("]\n")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%s: %d rows", path, len(rows))
}

func write(path string, value any) {
	if err := os.WriteFile(path, append(encoded(value, "  "), '\n'), 0o644); err != nil {
		log.Fatal(err)
	}
}

func encoded(value any, indent string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		log.Fatal(err)
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}

// textOf gives nothing for no error.
func textOf(err error) *string {
	if err == nil {
		return nil
	}
	return pointerTo(fmt.Sprint(err))
}

func pointerTo[T any](value T) *T { return &value }
