#!/usr/bin/env bash
# Asks a real server for every answer it gives and looks each JSON key, metric and label up in the reference of the
# interface: what an answer carries and the page does not name is reported.
#   tests/docs_reference.sh RERANKD API.md     exit 1 when something is missing
set -euo pipefail

rerankd=$(realpath "$1")
page=$(<"$2")
work=$(mktemp -d)
server_pid=
trap '[[ -z $server_pid ]] || kill "$server_pid"; rm -rf "$work"' EXIT

: >"$work/server.log"  # so that it is there before the server is
"$rerankd" serve --host 127.0.0.1 --port 0 2>"$work/server.log" &
server_pid=$!
for _ in $(seq 200); do
  port=$(sed -n 's/.*listening.* port=\([0-9]*\).*/\1/p' "$work/server.log" | tail -1)
  [[ -n $port ]] && curl -sf --max-time 5 "localhost:$port/ready" >/dev/null && break
  sleep 0.1
done
curl -sf --max-time 5 "localhost:$port/ready" >/dev/null || { cat "$work/server.log" >&2; exit 1; }

missing=0
checked=0
# look_up WHAT PATTERN…: one of the patterns has to stand on the page.
look_up() {
  local what=$1 pattern
  shift
  checked=$((checked + 1))
  for pattern in "$@"; do
    [[ $page == *"$pattern"* ]] && return
  done
  echo "docs_reference: $what is not in the reference" >&2
  missing=$((missing + 1))
}

# look_up_keys WHERE JSON: every key at any depth, but for what a model's folder brings along.
look_up_keys() {
  local key keys
  keys=$(jq -r 'if type == "object" then del(.calibration[]?, .price_list[]?) else . end | [.. | objects | keys[]] | unique[]' <<<"$2")
  [[ -n $keys ]] || { echo "docs_reference: $1 has no keys" >&2; exit 1; }
  while read -r key; do
    look_up "$1: the key \"$key\"" "\`$key\`" "\"$key\""
  done <<<"$keys"
}

for path in /health /info /models /v1/models /v1/models/builtin; do
  look_up_keys "GET $path" "$(curl -s --max-time 10 "localhost:$port$path")"
done

pair='"query":"q","documents":["a","b c d e f g"]'
objects='"query":"q","documents":[{"id":"1","content":"a"},{"id":"2","text":"b"}]'
while read -r path body; do
  look_up_keys "POST $path $body" "$(curl -s --max-time 10 "localhost:$port$path" -d "$body")"
done <<BODIES
/rerank {$pair,"max_tokens_per_doc":1}
/rerank {$pair,"model":"m","top_n":1}
/rerank {$objects,"raw_scores":true}
/rerank {"query":"q","texts":["a","b c d"],"return_text":true,"max_tokens_per_doc":1}
/v1/rerank {$objects,"max_tokens_per_doc":1}
/v2/rerank {$pair,"return_documents":true}
/reranking {$pair}
/score {"text_1":"q","text_2":["a","b"]}
/predict {"inputs":[["q","a"]]}
/ {"query":"q","texts":["a"]}
/rerank {"query":"q","documents":[]}
/rerank {"query":"q","texts":[]}
BODIES

metrics=$(curl -s --max-time 10 "localhost:$port/metrics")
while read -r name; do
  look_up "the metric $name" "\`$name\`" "\`$name{"
done < <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' <<<"$metrics")
while read -r label; do
  [[ $label == le ]] || look_up "the label $label" "{$label" ",$label"  # le belongs to every histogram
done < <(grep -oE '[{,][a-z]+=' <<<"$metrics" | tr -d '{,=' | sort -u)
while read -r value; do
  look_up "the label value $value" "\`$value\`"
done < <(sed -nE 's/.*[{,](stage|source|reason|kind|event)="([^"]*)".*/\2/p' <<<"$metrics" | sort -u)

echo "docs_reference: $checked looked up, $missing missing"
[[ $missing == 0 && $checked -gt 100 ]]
