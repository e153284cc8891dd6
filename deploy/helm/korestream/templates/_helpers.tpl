{{- /* What templates share: names, labels, checks of the values. Nothing to set. */ -}}

{{- define "korestream.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "korestream.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "korestream.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "korestream.selector" . }}
{{- end -}}

{{- define "korestream.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "korestream.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "korestream.image" -}}
{{- $repository := required "image.repository: name the image" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* Seconds of a duration as korestream writes it, such as 1m30s, rounded up. */ -}}
{{- define "korestream.seconds" -}}
{{- $text := toString . -}}
{{- if not (regexMatch "^([0-9]+(\\.[0-9]+)?(h|ms|m|s))+$" $text) -}}
{{- fail (printf "config.drain.timeout: %q is no duration: write 25s or 1m30s" $text) -}}
{{- end -}}
{{- $sum := 0.0 -}}
{{- $units := dict "h" 3600.0 "m" 60.0 "s" 1.0 "ms" 0.001 -}}
{{- range regexFindAll "[0-9]+(\\.[0-9]+)?(h|ms|m|s)" $text -1 -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- $sum = addf $sum (mulf (float64 $number) (get $units (trimPrefix $number .))) -}}
{{- end -}}
{{- ceil $sum | int64 -}}
{{- end -}}

{{- /* The grace period: longer than the drain, or nothing is rendered. */ -}}
{{- define "korestream.gracePeriod" -}}
{{- $timeout := dig "drain" "timeout" "25s" .Values.config -}}
{{- $drain := include "korestream.seconds" $timeout | int64 -}}
{{- $grace := add $drain .Values.termination.marginSeconds -}}
{{- if not (kindIs "invalid" .Values.termination.gracePeriodSeconds) -}}
{{- $grace = .Values.termination.gracePeriodSeconds | int64 -}}
{{- end -}}
{{- if le $grace $drain -}}
{{- fail (printf "termination: a grace period of %ds would kill a pod that drains for config.drain.timeout, %s: want more than %ds" $grace $timeout $drain) -}}
{{- end -}}
{{- $grace -}}
{{- end -}}

{{- /* What would lose data or not start is refused here, before it is applied. */ -}}
{{- define "korestream.check" -}}
{{- $c := .Values.config -}}
{{- $_ := required "config.stream: name the stream, or give its ARN" (get $c "stream") -}}
{{- if not (get $c "handlers") -}}
{{- fail "config.handlers: say what to do with events" -}}
{{- end -}}
{{- range $key := list "listen" "advertise" -}}
{{- if hasKey (default dict (get $c "admin")) $key -}}
{{- fail (printf "config.admin.%s: the chart sets it, from ports.admin and the pod's address" $key) -}}
{{- end -}}
{{- end -}}
{{- if dig "limits" "memory" "" $c -}}
{{- fail "config.limits.memory: the chart sets it, from resources.limits.memory" -}}
{{- end -}}
{{- if not .Values.allowLocalFiles -}}
{{- if eq "file" (dig "type" "file" (default dict (get $c "dead_letters"))) -}}
{{- fail "config.dead_letters.type: a file would be gone with its pod, and with it the letters: use sqs, s3 or kinesis, or set allowLocalFiles to try it" -}}
{{- end -}}
{{- range get $c "handlers" -}}
{{- if and (eq "ndjson" .type) (ne "-" (get . "path")) -}}
{{- fail (printf "config.handlers: the file of %s would be gone with its pod: write to standard output (path: \"-\") or to s3, or set allowLocalFiles to try it" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.webhook.enabled (not (get $c "webhook")) -}}
{{- fail "config.webhook: webhook.enabled needs its settings" -}}
{{- end -}}
{{- end -}}

{{- define "korestream.config" -}}
{{- include "korestream.check" . -}}
{{- toYaml .Values.config -}}
{{- end -}}

{{- define "korestream.region" -}}
{{- $arn := regexFind "^arn:[a-z-]+:kinesis:[a-z0-9-]+" (get .Values.config "stream") -}}
{{- default (default (last (splitList ":" $arn)) (get .Values.config "region")) .Values.aws.region -}}
{{- end -}}
