"""How far pledges were kept: rates and rankings (完成率、排名)."""
