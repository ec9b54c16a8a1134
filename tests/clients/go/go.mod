module peerage.test/clients

go 1.25.0

require (
	github.com/mongodb-forks/digest v1.1.0
	golang.org/x/oauth2 v0.36.0
)
