"""The demo district: a made-up roster of 231005 as of 2019-12-31 (演示数据)."""
