"""In-app messages, and WeChat's subscription messages (站内消息、订阅消息)."""
