#!/usr/bin/env bash
# The step of action.yml that runs trident. Its inputs are the TRIDENT_* variables; nothing of them
# is evaluated, and none can be taken for another option: values go as --option=value, rules follow --.
# Every path is in the workspace, links followed: what is read, what is compared, and the report.
set -euo pipefail
workspace=$(realpath -e -- "${GITHUB_WORKSPACE:-.}")

# Exit unless the path $2, the input $1, is in the workspace, wherever links on the way lead.
inside() {
  local place
  place=$(realpath -m -- "$2" && echo .)
  place=${place%$'\n.'}
  case $place in
    "$workspace" | "$workspace"/*) ;;
    *)
      echo "$1 is outside of the workspace" >&2
      exit 2
      ;;
  esac
}
inside working-directory .
inside output "${TRIDENT_OUTPUT:-.}"
if [ -n "$TRIDENT_CONFIG" ]; then inside config "$TRIDENT_CONFIG"; fi

case $TRIDENT_COMMAND in
  check | verify) options=() ;;
  build)
    options=(--check "--output=$TRIDENT_OUTPUT")
    if [ "$TRIDENT_STRICT" = true ]; then options+=(--strict); fi
    ;;
  *)
    echo "command is check, build or verify" >&2
    exit 2
    ;;
esac

# The lines of $1 that hold something, as the array `lines`.
split() {
  lines=()
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    if [ -n "${line//[[:space:]]/}" ]; then lines+=("$line"); fi
  done <<<"$1"
}

if [ "$TRIDENT_CHECKED" = false ] && [ "$TRIDENT_COMMAND" != verify ]; then options+=(--unchecked); fi
options+=("--format=$TRIDENT_FORMAT")
if [ -n "$TRIDENT_CONFIG" ]; then options+=("--config=$TRIDENT_CONFIG"); fi
split "$TRIDENT_FILTERS"
for name in ${lines[@]+"${lines[@]}"}; do options+=("--filter=$name"); done
split "$TRIDENT_TARGETS"
if [ "$TRIDENT_COMMAND" != build ]; then
  for name in ${lines[@]+"${lines[@]}"}; do options+=("--target=$name"); done
elif [ "${#lines[@]}" -gt 0 ]; then
  echo "build writes the targets and profiles that trident.yml names; targets is for check and verify" >&2
  exit 2
fi
split "$TRIDENT_RULES"
for name in ${lines[@]+"${lines[@]}"}; do inside rules "$name"; done
options+=(-- ${lines[@]+"${lines[@]}"})

report=$TRIDENT_REPORT
if [ -z "$report" ] && [ "$TRIDENT_FORMAT" = sarif ]; then report=trident.sarif; fi
if [ -z "$report" ]; then exec trident "$TRIDENT_COMMAND" "${options[@]}"; fi

case $report in
  *[[:cntrl:]]*)
    echo "report is one file, without control characters in its name" >&2
    exit 2
    ;;
  /*) ;;
  *) report=$PWD/$report ;;
esac
inside report "$report"
status=0
trident "$TRIDENT_COMMAND" "${options[@]}" >"$report" || status=$?
# With exit code 2 there is no report.
if [ "$status" -lt 2 ]; then printf 'report=%s\n' "$report" >>"$GITHUB_OUTPUT"; fi
exit "$status"
