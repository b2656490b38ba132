"""What customers and programs reach over HTTP: form, portal, REST API, webhooks."""
