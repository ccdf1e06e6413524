// Package text is what drivers of devices share that speak in lines of text:
// the templates of lines, and how devices write dates, times and numbers.
package text
