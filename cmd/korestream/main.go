// Command korestream consumes KORE Wireless event streams from AWS Kinesis.
//
// Exit codes: 0 clean, 1 runtime failure, 2 usage, 3 start-up check failed, 4
// drain timed out or cut short, 78 bad configuration.
package main

import "korestream/cmd"

func main() { cmd.Main() }
