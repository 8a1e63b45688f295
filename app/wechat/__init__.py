"""The adapter to WeChat's HTTP (微信小程序); knows no domain."""
