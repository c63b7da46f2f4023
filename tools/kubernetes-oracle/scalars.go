// YAML as sigs.k8s.io/yaml and kubectl read it.

package main

import (
	"errors"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type scalarRow struct {
	YAML string `json:"yaml"`
	// JSON is the text that YAMLToJSON gives for the first document.
	JSON *string `json:"json"`
	// Error is why YAMLToJSON refuses.
	Error *string `json:"error"`
	// Strict is why YAMLToJSONStrict refuses, where YAMLToJSON does not: duplicate keys.
	Strict *string `json:"strictError,omitempty"`
	// Documents are all of them, as kubectl reads a file; null documents are passed over as kubectl does.
	Documents []string `json:"documents"`
	// StreamError is where kubectl stops reading the file.
	StreamError *string `json:"streamError"`
}

func answerScalar(row scalarRow) scalarRow {
	answer := scalarRow{YAML: row.YAML, Documents: []string{}}
	first, err := yaml.YAMLToJSON([]byte(row.YAML))
	if err == nil {
		answer.JSON = pointerTo(string(first))
		_, strict := yaml.YAMLToJSONStrict([]byte(row.YAML))
		answer.Strict = textOf(strict)
	}
	answer.Error = textOf(err)
	// What resource.StreamVisitor of cli-runtime does with a file.
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(row.YAML), 4096)
	for {
		var document runtime.RawExtension
		if err := decoder.Decode(&document); err != nil {
			if !errors.Is(err, io.EOF) {
				answer.StreamError = textOf(err)
			}
			return answer
		}
		text := strings.TrimSpace(string(document.Raw))
		if text != "" && text != "null" {
			answer.Documents = append(answer.Documents, text)
		}
	}
}
