// Package expr reads and evaluates DynamoDB's expressions: conditions and
// filters, key conditions, updates and projections.
//
// See https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
package expr
