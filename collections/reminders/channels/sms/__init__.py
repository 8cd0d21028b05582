"""Text messages over HTTP: Aliyun, Tencent Cloud, Twilio, each by its published request signing (docs/dependencies.md)."""
