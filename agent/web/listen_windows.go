package web

// needsLoopback: the file permissions of a unix socket say too little here.
const needsLoopback = true
