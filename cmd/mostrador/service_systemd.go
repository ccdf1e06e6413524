package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mostrador/agent"
)

// stopGrace is what a service manager adds to agent.StopTimeout before it
// kills: closing the store comes after the parts.
const stopGrace = 5 * time.Second

// timeAfterStop fires when the daemon ought to have stopped.
func timeAfterStop() <-chan time.Time { return time.After(agent.StopTimeout + stopGrace) }

// systemdUnit is the unit of the service. The library's own waits two minutes
// before it starts a failed service again and confines nothing.
//
// ProtectClock and PrivateDevices are left out on purpose: both close the
// serial ports and the USB devices.
//
// The configuration's folder may be written to as far as its rights allow: a
// restaurant that gives it to the service's user lets the cloud replace the file.
func systemdUnit(executable string, arguments []string, dataDir, configDir string) string {
	command := []string{systemdQuote(executable)}
	for _, argument := range arguments {
		command = append(command, systemdQuote(argument))
	}
	writable := "ReadWritePaths=-" + systemdQuote(configDir) + "\n"
	if dataDir != "" && dataDir != "/var/lib/"+serviceName {
		writable += "ReadWritePaths=-" + systemdQuote(dataDir) + "\n"
	}
	return fmt.Sprintf(`[Unit]
Description=Mostrador: orders onto paper, sales to the cloud
Documentation=file:///usr/share/doc/mostrador
After=network.target
StartLimitIntervalSec=0

[Service]
ExecStart=%s
Restart=always
RestartSec=2
TimeoutStopSec=%d
KillMode=mixed
User=%s
Group=%s
UMask=0027
StateDirectory=%s
StateDirectoryMode=0750
EnvironmentFile=-/etc/mostrador/environment
%sNoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`, strings.Join(command, " "), int((agent.StopTimeout + 2*stopGrace).Seconds()), serviceName, serviceName, serviceName, writable)
}

// systemdQuote writes a word of a command line so that systemd takes it as it
// is: systemd.service(5), "Command lines", and systemd.unit(5), "Specifiers".
func systemdQuote(word string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(word)
	if strings.ContainsAny(word, " \t\"'\\;") || word == "" {
		return `"` + escaped + `"`
	}
	return escaped
}

// sysusers makes the user that the service runs as, in the groups that own
// serial ports and printers: sysusers.d(5).
const sysusers = `u mostrador - "Mostrador" /var/lib/mostrador
m mostrador dialout
m mostrador lp
`

// addServiceUser makes the service's user below root, "/" but for tests. What
// exists stays as it is.
func addServiceUser(root string) error {
	folder := filepath.Join(root, "etc/sysusers.d")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the user %s: %w", serviceName, err)
	}
	if err := os.WriteFile(filepath.Join(folder, serviceName+".conf"), []byte(sysusers), 0o644); err != nil {
		return fmt.Errorf("make the user %s: %w", serviceName, err)
	}
	out, err := exec.Command("systemd-sysusers", "--root="+root, serviceName+".conf").CombinedOutput()
	if err != nil {
		return fmt.Errorf("make the user %s: %w: %s; make it by hand, in the groups dialout and lp, and try again", serviceName, err, strings.TrimSpace(string(out)))
	}
	return nil
}
