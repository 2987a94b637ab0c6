"""The code that AWS Lambda calls: each module holds the function of the same name.

`webhooks` answers platforms, `process` works through the events queue, `relay` through the table's stream,
`deliver` through the targets' queues, and `tick` runs every minute; `batch` is the loop of `process` and
`deliver`. A handler turns Lambda's event into calls of the pipeline, which `runtime` puts together.
"""
