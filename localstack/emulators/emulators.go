// Package emulators holds what the engines of others are installed from: the
// npm packages that are pinned in package-lock.json, and the script that keeps
// them on loopback.
package emulators

import "embed"

// Files are package.json, package-lock.json, .npmrc and loopback.cjs.
//
//go:embed package.json package-lock.json .npmrc loopback.cjs
var Files embed.FS
