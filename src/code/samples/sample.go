// Package sample says in its last lines what is expected of it.
package sample

import (
	"fmt"
	alias "example.com/deep/path"
)

const (
	// First is one.
	First = iota
	Second
)

var table = map[string][]int{
	"func": {1, 2},
}

// Server serves.
type Server struct {
	name string
}

type Handler interface {
	Handle(x interface{}) error
}

type ID = string

func (s *Server) Run(a int) (err error) {
	text := `}`
	_ = '}'
	fmt.Println(text, alias.X)
	return func() error { return nil }()
}

func Map[T any](in []T) []T { return in }
// expect: import fmt 5
// expect: import example.com/deep/path 6
// expect: constant First 11-11 doc 10
// expect: constant Second 12-12
// expect: variable table 15-17
// expect: struct Server 20-22 doc 19
// expect: interface Handler 24-26
// expect: method Handler.Handle 25-25
// expect: type ID 28-28
// expect: method Server.Run 30-35 signature 30
// expect: function Map 37-37
